//! What an event is about: OCSF classes, activities and outcomes, with their numbers in this one file.

use serde::{Deserialize, Serialize};

/// An OCSF class, by the short name that views and rules use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// 3002 Authentication.
    Authentication,
    /// 4014 Tunnel Activity.
    Tunnel,
    /// 3003 Authorize Session, 4005 RDP and 4007 SSH Activity: see [`Class::uid`].
    Session,
    /// 3007 User Management.
    UserManagement,
    /// 3006 Group Management.
    GroupManagement,
    /// 3008 Role Management.
    RoleManagement,
    /// 4002 HTTP Activity.
    Http,
    /// 6001 Web Resources Activity.
    WebResource,
    /// 6003 API Activity.
    Api,
    /// 6005 Datastore Activity.
    Datastore,
    /// 6006 File Hosting and 1001 File System Activity.
    File,
    /// 1007 Process Activity.
    Process,
    /// 4001 Network Activity.
    Network,
    /// 3004 Entity Management.
    EntityManagement,
    /// 1008 Event Log Activity.
    EventLog,
    /// 201001 Registry Key Activity (Windows extension).
    Registry,
    /// 0 Base Event: understood, but of no class of its own.
    #[default]
    Base,
    /// Not understood; the event carries the reason.
    Unparsed,
}

/// What the line says happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It says nothing.
    #[default]
    Unknown,
    /// It was granted or done.
    Success,
    /// It was refused or failed.
    Failure,
}

/// Classes with their names.
const CLASSES: [(Class, &str); 18] = [
    (Class::Authentication, "authentication"),
    (Class::Tunnel, "tunnel"),
    (Class::Session, "session"),
    (Class::UserManagement, "user-management"),
    (Class::GroupManagement, "group-management"),
    (Class::RoleManagement, "role-management"),
    (Class::Http, "http"),
    (Class::WebResource, "web-resource"),
    (Class::Api, "api"),
    (Class::Datastore, "datastore"),
    (Class::File, "file"),
    (Class::Process, "process"),
    (Class::Network, "network"),
    (Class::EntityManagement, "entity-management"),
    (Class::EventLog, "event-log"),
    (Class::Registry, "registry"),
    (Class::Base, "base"),
    (Class::Unparsed, "unparsed"),
];

/// (class, OCSF class number, OCSF activity number, activity name): the captions of OCSF in lower case
/// with hyphens. The first row of a class gives the class number of an activity not listed.
const ACTIVITIES: &[(Class, u32, u32, &str)] = &[
    (Class::Authentication, 3002, 1, "logon"),
    (Class::Authentication, 3002, 2, "logoff"),
    (Class::Authentication, 3002, 3, "authentication-ticket"),
    (Class::Authentication, 3002, 4, "service-ticket-request"),
    (Class::Authentication, 3002, 5, "service-ticket-renew"),
    (Class::Authentication, 3002, 6, "preauth"),
    (Class::Authentication, 3002, 7, "account-switch"),
    (Class::Session, 3003, 1, "assign-privileges"),
    (Class::Session, 3003, 2, "assign-groups"),
    (Class::Session, 3003, 3, "assign-roles"),
    (Class::Session, 4007, 1, "open"),
    (Class::Session, 4007, 2, "close"),
    (Class::Session, 4007, 3, "reset"),
    (Class::Session, 4007, 4, "fail"),
    (Class::Session, 4007, 5, "refuse"),
    (Class::Session, 4007, 6, "traffic"),
    (Class::Session, 4005, 7, "disconnect"),
    (Class::Session, 4005, 8, "reconnect"),
    (Class::Tunnel, 4014, 1, "open"),
    (Class::Tunnel, 4014, 2, "close"),
    (Class::Tunnel, 4014, 3, "renew"),
    (Class::UserManagement, 3007, 1, "create"),
    (Class::UserManagement, 3007, 2, "update"),
    (Class::UserManagement, 3007, 3, "delete"),
    (Class::UserManagement, 3007, 4, "enable"),
    (Class::UserManagement, 3007, 5, "disable"),
    (Class::UserManagement, 3007, 6, "lock"),
    (Class::UserManagement, 3007, 7, "unlock"),
    (Class::UserManagement, 3007, 8, "password-change"),
    (Class::UserManagement, 3007, 9, "password-reset"),
    (Class::UserManagement, 3007, 10, "attach-policies"),
    (Class::UserManagement, 3007, 11, "detach-policies"),
    (Class::UserManagement, 3007, 12, "enable-mfa-factors"),
    (Class::UserManagement, 3007, 13, "disable-mfa-factors"),
    (Class::UserManagement, 3007, 14, "assign-privileges"),
    (Class::UserManagement, 3007, 15, "remove-privileges"),
    (Class::UserManagement, 3007, 16, "assign-roles"),
    (Class::UserManagement, 3007, 17, "remove-roles"),
    (Class::UserManagement, 3007, 18, "add-programmatic-credentials"),
    (Class::UserManagement, 3007, 19, "remove-programmatic-credentials"),
    (Class::GroupManagement, 3006, 1, "assign-privileges"),
    (Class::GroupManagement, 3006, 2, "revoke-privileges"),
    (Class::GroupManagement, 3006, 3, "add-user"),
    (Class::GroupManagement, 3006, 4, "remove-user"),
    (Class::GroupManagement, 3006, 5, "delete"),
    (Class::GroupManagement, 3006, 6, "create"),
    (Class::GroupManagement, 3006, 7, "add-subgroup"),
    (Class::GroupManagement, 3006, 8, "remove-subgroup"),
    (Class::GroupManagement, 3006, 9, "update"),
    (Class::GroupManagement, 3006, 12, "assign-roles"),
    (Class::GroupManagement, 3006, 13, "remove-roles"),
    (Class::RoleManagement, 3008, 1, "create"),
    (Class::RoleManagement, 3008, 2, "update"),
    (Class::RoleManagement, 3008, 3, "delete"),
    (Class::RoleManagement, 3008, 4, "add-privileges"),
    (Class::RoleManagement, 3008, 5, "remove-privileges"),
    (Class::EntityManagement, 3004, 1, "create"),
    (Class::EntityManagement, 3004, 2, "read"),
    (Class::EntityManagement, 3004, 3, "update"),
    (Class::EntityManagement, 3004, 4, "delete"),
    (Class::EntityManagement, 3004, 8, "enable"),
    (Class::EntityManagement, 3004, 9, "disable"),
    (Class::Http, 4002, 1, "connect"),
    (Class::Http, 4002, 2, "delete"),
    (Class::Http, 4002, 3, "get"),
    (Class::Http, 4002, 4, "head"),
    (Class::Http, 4002, 5, "options"),
    (Class::Http, 4002, 6, "post"),
    (Class::Http, 4002, 7, "put"),
    (Class::Http, 4002, 8, "trace"),
    (Class::Http, 4002, 9, "patch"),
    (Class::WebResource, 6001, 1, "create"),
    (Class::WebResource, 6001, 2, "read"),
    (Class::WebResource, 6001, 3, "update"),
    (Class::WebResource, 6001, 4, "delete"),
    (Class::WebResource, 6001, 5, "search"),
    (Class::WebResource, 6001, 6, "import"),
    (Class::WebResource, 6001, 7, "export"),
    (Class::WebResource, 6001, 8, "share"),
    (Class::Api, 6003, 1, "create"),
    (Class::Api, 6003, 2, "read"),
    (Class::Api, 6003, 3, "update"),
    (Class::Api, 6003, 4, "delete"),
    (Class::Datastore, 6005, 1, "read"),
    (Class::Datastore, 6005, 2, "update"),
    (Class::Datastore, 6005, 3, "connect"),
    (Class::Datastore, 6005, 4, "query"),
    (Class::Datastore, 6005, 5, "write"),
    (Class::Datastore, 6005, 6, "create"),
    (Class::Datastore, 6005, 7, "delete"),
    (Class::File, 6006, 1, "upload"),
    (Class::File, 6006, 2, "download"),
    (Class::File, 6006, 12, "share"),
    (Class::File, 1001, 1, "create"),
    (Class::File, 1001, 2, "read"),
    (Class::File, 1001, 3, "update"),
    (Class::File, 1001, 4, "delete"),
    (Class::Process, 1007, 1, "launch"),
    (Class::Process, 1007, 2, "terminate"),
    (Class::Process, 1007, 5, "set-user-id"),
    (Class::Network, 4001, 1, "open"),
    (Class::Network, 4001, 2, "close"),
    (Class::Network, 4001, 3, "reset"),
    (Class::Network, 4001, 4, "fail"),
    (Class::Network, 4001, 5, "refuse"),
    (Class::Network, 4001, 6, "traffic"),
    (Class::EventLog, 1008, 1, "clear"),
    (Class::EventLog, 1008, 2, "delete"),
    (Class::EventLog, 1008, 5, "rotate"),
    (Class::EventLog, 1008, 6, "start"),
    (Class::EventLog, 1008, 7, "stop"),
    (Class::EventLog, 1008, 8, "restart"),
    (Class::EventLog, 1008, 9, "enable"),
    (Class::EventLog, 1008, 10, "disable"),
    (Class::Registry, 201_001, 1, "create"),
    (Class::Registry, 201_001, 2, "read"),
    (Class::Registry, 201_001, 3, "update"),
    (Class::Registry, 201_001, 4, "delete"),
];

impl Class {
    /// Every class, in the order of the enum.
    pub fn all() -> impl Iterator<Item = Class> {
        CLASSES.iter().map(|(class, _)| *class)
    }
    /// The short name: `authentication`, `user-management` ...
    pub fn name(self) -> &'static str {
        CLASSES.iter().find(|(class, _)| *class == self).map_or("base", |(_, name)| name)
    }
    /// The class of a short name.
    pub fn from_name(name: &str) -> Option<Class> {
        CLASSES.iter().find(|(_, n)| *n == name).map(|(class, _)| *class)
    }
    /// The OCSF class number of this class with this activity; 0 for base and unparsed.
    pub fn uid(self, activity: &str) -> u32 {
        let rows = || ACTIVITIES.iter().filter(|row| row.0 == self);
        rows().find(|row| row.3 == activity).or_else(|| rows().next()).map_or(0, |row| row.1)
    }
    /// The OCSF activity number; 99 (other) for a name not listed, 0 (unknown) for an empty one.
    pub fn activity_id(self, activity: &str) -> u32 {
        match ACTIVITIES.iter().find(|row| row.0 == self && row.3 == activity) {
            Some(row) => row.2,
            None if activity.is_empty() => 0,
            None => 99,
        }
    }
    /// The one copy of an activity's name; `None` when this class has no such activity.
    pub fn activity(self, name: &str) -> Option<&'static str> {
        ACTIVITIES.iter().find(|row| row.0 == self && row.3 == name).map(|row| row.3)
    }
    /// The names of the activities that this class knows.
    pub fn activities(self) -> impl Iterator<Item = &'static str> {
        ACTIVITIES.iter().filter(move |row| row.0 == self).map(|row| row.3)
    }
}

impl Outcome {
    /// `success`, `failure` or `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Unknown => "unknown",
            Outcome::Success => "success",
            Outcome::Failure => "failure",
        }
    }
    /// The outcome of a name.
    pub fn from_name(name: &str) -> Option<Outcome> {
        [Outcome::Unknown, Outcome::Success, Outcome::Failure].into_iter().find(|o| o.name() == name)
    }
    /// OCSF `status_id`: 1 success, 2 failure, 0 unknown.
    pub fn status_id(self) -> u32 {
        match self {
            Outcome::Unknown => 0,
            Outcome::Success => 1,
            Outcome::Failure => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_name_and_every_activity_a_number() {
        for class in Class::all() {
            assert_eq!(Class::from_name(class.name()), Some(class));
        }
        assert_eq!(Class::Session.uid("assign-privileges"), 3003);
        assert_eq!(Class::Session.uid("close"), 4007);
        assert_eq!(Class::Base.uid(""), 0);
        assert_eq!(Class::GroupManagement.activity_id("add-user"), 3);
    }
}
