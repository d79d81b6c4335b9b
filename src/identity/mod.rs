//! Who a Unix account is: the part of the identity files that the control socket needs.

use crate::schema::{Actor, Channel};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The accounts of the configured persons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Unix account name -> person id.
    pub accounts: BTreeMap<Arc<str>, Arc<str>>,
}

impl Roster {
    /// The actor behind a user id and, where the machine knows one, its account name. Persons and root
    /// may act; anybody else is named `uid:N` and may look.
    pub fn actor(&self, uid: u32, account: Option<&str>, channel: Channel) -> Actor {
        match account.and_then(|name| self.accounts.get(name)) {
            Some(person) => Actor { name: person.clone(), known: true, channel },
            None => Actor { name: format!("uid:{uid}").into(), known: uid == 0, channel },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_a_person_root_may_act_and_others_may_look() {
        let roster = Roster { accounts: BTreeMap::from([("areyes".into(), "ana".into())]) };
        let who = |uid, account| {
            let actor = roster.actor(uid, account, Channel::Cli);
            (actor.name.to_string(), actor.known)
        };
        assert_eq!(who(1000, Some("areyes")), ("ana".to_owned(), true));
        assert_eq!(who(0, Some("root")), ("uid:0".to_owned(), true));
        assert_eq!(who(1001, Some("mallory")), ("uid:1001".to_owned(), false));
        assert_eq!(who(1002, None), ("uid:1002".to_owned(), false));
    }
}
