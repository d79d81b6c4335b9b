//! The cloud account and the code host: automation all day, developers, a denial now and then.

use super::day::{DAY, Day, HOUR, Log, MINUTE, iso};
use super::town::{Person, Role, Town};

pub fn write(day: &mut Day, town: &Town) {
    automation(day);
    for person in town.having(Role::Developer) {
        console(day, person);
        code(day, person);
    }
}

fn call(day: &mut Day, at: i64, who: &str, (service, act): (&str, &str), from: &str, more: &str) {
    let (time, id) = (iso(at), day.next());
    let line = format!(
        r#"{{"eventVersion":"1.09","userIdentity":{{{who}}},"eventTime":"{time}","eventSource":"{service}.amazonaws.com","eventName":"{act}","awsRegion":"eu-central-1","sourceIPAddress":"{from}","userAgent":"aws-sdk","eventID":"e{id}"{more}}}"#
    );
    day.put(at, Log::Aws, line);
}

const DEPLOY: &str = r#""type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/deploy/ci""#;

fn automation(day: &mut Day) {
    let mut at = 0;
    while at < DAY {
        call(day, at, DEPLOY, ("sts", "AssumeRole"), "10.20.0.7", "");
        call(day, at + 900, DEPLOY, ("s3", "GetObject"), "10.20.0.7", "");
        call(day, at + 1_500, DEPLOY, ("ec2", "DescribeInstances"), "10.20.0.7", "");
        at += day.between(6 * MINUTE, 20 * MINUTE);
    }
    // A scanner without some rights is denied the same things each hour.
    for hour in 0..24 {
        for act in ["ListKeys", "GetBucketPolicy", "DescribeTrails"] {
            call(
                day,
                hour * HOUR + 7 * MINUTE,
                r#""type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/scan/x""#,
                ("kms", act),
                "10.20.0.9",
                r#","errorCode":"AccessDenied""#,
            );
        }
    }
}

fn console(day: &mut Day, person: &Person) {
    if !day.chance(400) {
        return;
    }
    let who = format!(
        r#""type":"IAMUser","arn":"arn:aws:iam::111122223333:user/{0}","userName":"{0}""#,
        person.name
    );
    let mut at = person.begins + day.between(10 * MINUTE, 4 * HOUR);
    let from = person.public();
    if day.chance(60) {
        call(
            day,
            at,
            &who,
            ("signin", "ConsoleLogin"),
            &from,
            r#","errorMessage":"Failed authentication","responseElements":{"ConsoleLogin":"Failure"},"additionalEventData":{"MFAUsed":"Yes"}"#,
        );
        at += 20_000;
    }
    call(
        day,
        at,
        &who,
        ("signin", "ConsoleLogin"),
        &from,
        r#","responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"Yes"}"#,
    );
    for n in 0..6 {
        let act = ["DescribeInstances", "ListBuckets", "GetMetricData", "DescribeAlarms"]
            [day.rng.below(4) as usize];
        call(day, at + n * 70_000, &who, ("ec2", act), &from, "");
    }
    if day.chance(250) {
        call(day, at + 9 * MINUTE, &who, ("iam", "ListUsers"), &from, r#","errorCode":"AccessDenied""#);
    }
}

fn code(day: &mut Day, person: &Person) {
    for n in 0..5 {
        let at = person.begins + day.between(n * 100 * MINUTE, (n + 1) * 100 * MINUTE);
        let act =
            ["git.clone", "git.fetch", "git.fetch", "pull_request.create", "workflows.created_workflow_run"]
                [day.rng.below(5) as usize];
        github(day, at, person, act, "");
    }
    if day.chance(30) {
        let at = person.begins + day.between(HOUR, 6 * HOUR);
        github(day, at, person, "public_key.create", "");
    }
    if day.chance(60) {
        let at = person.begins + day.between(HOUR, 6 * HOUR);
        github(day, at, person, "repo.add_member", r#","user":"new.colleague","permission":"admin""#);
    }
}

fn github(day: &mut Day, at: i64, person: &Person, act: &str, more: &str) {
    let line = format!(
        r#"{{"@timestamp":{},"_document_id":"d{}","action":"{act}","actor":"{}","actor_ip":"{}","org":"example","repo":"example/app{}"{more}}}"#,
        super::day::MIDNIGHT * 1_000 + at,
        day.next(),
        person.name,
        person.public(),
        person.number % 7
    );
    day.put(at, Log::GitHub, line);
}
