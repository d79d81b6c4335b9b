# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_gatewatch_global_optspecs
    string join \n config= state= json color= h/help V/version
end

function __fish_gatewatch_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_gatewatch_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_gatewatch_using_subcommand
    set -l cmd (__fish_gatewatch_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c gatewatch -n "__fish_gatewatch_needs_command" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_needs_command" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_needs_command" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_needs_command" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -s V -l version -d 'Print version'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "run" -d 'Run the daemon in the foreground'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "check" -d 'Check configuration, grammars and rules: every problem with its place'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "parse" -d 'Normalize the lines of a file and print one JSON object per event; stores nothing'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "formats" -d 'List every grammar'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "replay" -d 'Run history through the same pipeline in event time and print the findings; mails nothing'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "test" -d 'Run the sample lines of rules and grammars'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "explain" -d 'Say why: how a line is read, what made a finding, or why a rule made none'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "reload" -d 'Let the running daemon read its configuration, grammars and rules again: all of it, or nothing changes'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "status" -d 'Show how the running daemon is: sources, store, outbox, deadlines'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "incident" -d 'Look at incidents and act on them'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "series" -d 'Series of numbers'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "oncall" -d 'Who is on call, and why'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "drill" -d 'Mock incidents through the real path, measured stage by stage'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "report" -d 'Reports as HTML and CSV'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "silence" -d 'Store and count matching findings without telling anybody, until an end'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "exception" -d 'Allow what a rule finds somewhere, for a time: findings are still stored and counted, and the owner is reminded'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "rules" -d 'List the rules in force with their hits and the share of false alarms among the resolved incidents'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "query" -d 'Ask the store in SQL, read-only, with or without a running daemon'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "mail" -d 'The mail path'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "demo" -d 'Show the real daemon at work on sample logs that it writes live'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "doctor" -d 'Check this machine: configuration, permissions, store, disk, watches, relay'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "bench" -d 'Measure this machine: ingest against bare inserts, line to mail'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "schema" -d 'Print a JSON Schema, by which editors complete and check files as they are written'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "man" -d 'Write the man pages into a folder'
complete -c gatewatch -n "__fish_gatewatch_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand run" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand run" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand run" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand run" -l dry-run -d 'Detect and record, but send no mail: letters are written to the log instead'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand run" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand check" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand check" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand check" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand check" -l strict -d 'Warnings count as errors'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand check" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand parse" -l format -d 'Grammar or family by name, or `auto`' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand parse" -l timezone -d 'Zone of stamps that carry none (IANA name) [default: UTC]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand parse" -l assume-now -d 'Read time to assume (RFC 3339): stamps without a year are dated before it [default: now]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand parse" -l encoding -d 'Encoding of the file; a byte order mark in it wins' -r -f -a "utf-8\t''
utf-16le\t''
utf-16be\t''
latin-1\t''"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand parse" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand parse" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand parse" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand parse" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand parse" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand formats" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand formats" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand formats" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand formats" -l markdown -d 'As a page of tables with framings and counts'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand formats" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand formats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l source -d 'A file with its format, or with the name of a configured source; may be given several times' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l compare -d 'What differs: from the findings of a store [default: those that the daemon made], or from what the rules of this file or folder find in place of those of --rules; exit 1 when something does' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l store -d 'Keep events and findings in this store (a new file)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l rules -d 'More rules' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l timezone -d 'Zone of stamps that carry none (IANA name) [default: UTC]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l assume-now -d 'Read time to assume (RFC 3339) [default: now]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l since -d 'Findings from this event time on' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l until -d 'Findings before this event time' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l from-store -d 'The events of the store in place of files, in the order in which they were stored'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l no-builtin -d 'Leave the built-in rules out'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand test" -l junit -d 'Write the results as JUnit XML' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand test" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand test" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand test" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand test" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and not __fish_seen_subcommand_from line finding why-not help" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and not __fish_seen_subcommand_from line finding why-not help" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and not __fish_seen_subcommand_from line finding why-not help" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and not __fish_seen_subcommand_from line finding why-not help" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and not __fish_seen_subcommand_from line finding why-not help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and not __fish_seen_subcommand_from line finding why-not help" -f -a "line" -d 'How a line is read: grammar, message form, every field'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and not __fish_seen_subcommand_from line finding why-not help" -f -a "finding" -d 'What made a finding: rule, arithmetic, the events'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and not __fish_seen_subcommand_from line finding why-not help" -f -a "why-not" -d 'Why a rule did not fire: the first condition that failed, or how near a correlation came'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and not __fish_seen_subcommand_from line finding why-not help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from line" -l format -d 'Grammar or family by name' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from line" -l timezone -d 'Zone of stamps that carry none (IANA name)' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from line" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from line" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from line" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from line" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from line" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from finding" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from finding" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from finding" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from finding" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from finding" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from why-not" -l file -d 'Lines of a file in place of a stored event; `-` is standard input' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from why-not" -l format -d 'Grammar or family of the file [default: auto]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from why-not" -l timezone -d 'Zone of stamps that carry none (IANA name)' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from why-not" -l rules -d 'More rules' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from why-not" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from why-not" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from why-not" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from why-not" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from why-not" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "line" -d 'How a line is read: grammar, message form, every field'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "finding" -d 'What made a finding: rule, arithmetic, the events'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "why-not" -d 'Why a rule did not fire: the first condition that failed, or how near a correlation came'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand explain; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand reload" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand reload" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand reload" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand reload" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand reload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand status" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand status" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand status" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand status" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "list" -d 'Incidents, newest first'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "show" -d 'One incident with findings, mails, journal and evidence'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "ack" -d 'Take it: escalation stops, the others are told'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "resolve" -d 'End it'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "reopen" -d 'Open a resolved one again'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "note" -d 'Add a note'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "assign" -d 'Give it to a person'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "escalate" -d 'Start the next step of the policy now'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "false-positive" -d 'End it: it was no incident'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "merge" -d 'Join it to another one: it tells nobody any more, its people are told which one to answer'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "split" -d 'Take it out of the other again: it is open, from the first step'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "snooze" -d 'Take it for a while: then it is open again, from the first step'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "waive" -d 'Let a promise go, with a reason, on the record'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "fulfil" -d 'Say that a duty to somebody outside was done, and how'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and not __fish_seen_subcommand_from list show ack resolve reopen note assign escalate false-positive merge split snooze waive fulfil help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from list" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from list" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from list" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from list" -l all -d 'Resolved ones too'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from list" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from show" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from show" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from show" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from show" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from ack" -l note -d 'A note for the journal' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from ack" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from ack" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from ack" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from ack" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from ack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from resolve" -l note -d 'A note for the journal' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from resolve" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from resolve" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from resolve" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from resolve" -l false-positive -d 'It was no incident'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from resolve" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from resolve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from reopen" -l note -d 'A note for the journal' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from reopen" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from reopen" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from reopen" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from reopen" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from reopen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from note" -l note -d 'A note for the journal' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from note" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from note" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from note" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from note" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from note" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from assign" -l note -d 'A note for the journal' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from assign" -l to -d 'Person id' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from assign" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from assign" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from assign" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from assign" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from assign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from escalate" -l note -d 'A note for the journal' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from escalate" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from escalate" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from escalate" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from escalate" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from escalate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from false-positive" -l note -d 'A note for the journal' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from false-positive" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from false-positive" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from false-positive" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from false-positive" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from false-positive" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from merge" -l note -d 'A note for the journal' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from merge" -l into -d 'Number or id of the other one, at least as grave' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from merge" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from merge" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from merge" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from merge" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from split" -l note -d 'A note for the journal' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from split" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from split" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from split" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from split" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from split" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from snooze" -l note -d 'A note for the journal' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from snooze" -l for -d 'How long from now (`30m`, `8h`, `2d`; at most a week)' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from snooze" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from snooze" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from snooze" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from snooze" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from snooze" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from waive" -l clock -d '`notify`, `acknowledge`, `resolve` or a duty\'s id' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from waive" -l reason -d 'Why, or how' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from waive" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from waive" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from waive" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from waive" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from waive" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from fulfil" -l clock -d '`notify`, `acknowledge`, `resolve` or a duty\'s id' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from fulfil" -l reason -d 'Why, or how' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from fulfil" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from fulfil" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from fulfil" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from fulfil" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from fulfil" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "list" -d 'Incidents, newest first'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "show" -d 'One incident with findings, mails, journal and evidence'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "ack" -d 'Take it: escalation stops, the others are told'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "resolve" -d 'End it'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "reopen" -d 'Open a resolved one again'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "note" -d 'Add a note'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "assign" -d 'Give it to a person'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "escalate" -d 'Start the next step of the policy now'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "false-positive" -d 'End it: it was no incident'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "merge" -d 'Join it to another one: it tells nobody any more, its people are told which one to answer'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "split" -d 'Take it out of the other again: it is open, from the first step'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "snooze" -d 'Take it for a while: then it is open again, from the first step'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "waive" -d 'Let a promise go, with a reason, on the record'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "fulfil" -d 'Say that a duty to somebody outside was done, and how'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and not __fish_seen_subcommand_from score help" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and not __fish_seen_subcommand_from score help" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and not __fish_seen_subcommand_from score help" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and not __fish_seen_subcommand_from score help" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and not __fish_seen_subcommand_from score help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and not __fish_seen_subcommand_from score help" -f -a "score" -d 'Judge each row of a `timestamp,value` file by the rows before it; prints CSV, also with --json'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and not __fish_seen_subcommand_from score help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and __fish_seen_subcommand_from score" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and __fish_seen_subcommand_from score" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and __fish_seen_subcommand_from score" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and __fish_seen_subcommand_from score" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and __fish_seen_subcommand_from score" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and __fish_seen_subcommand_from help" -f -a "score" -d 'Judge each row of a `timestamp,value` file by the rows before it; prints CSV, also with --json'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand series; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and not __fish_seen_subcommand_from show help" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and not __fish_seen_subcommand_from show help" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and not __fish_seen_subcommand_from show help" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and not __fish_seen_subcommand_from show help" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and not __fish_seen_subcommand_from show help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and not __fish_seen_subcommand_from show help" -f -a "show" -d 'Who is on call by each schedule, why and until when, and whom each policy would tell; exit 1 when there is a hole'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and not __fish_seen_subcommand_from show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and __fish_seen_subcommand_from show" -l at -d 'The moment (RFC 3339) [default: now]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and __fish_seen_subcommand_from show" -l days -d 'The whole time from then on, for so many days' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and __fish_seen_subcommand_from show" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and __fish_seen_subcommand_from show" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and __fish_seen_subcommand_from show" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and __fish_seen_subcommand_from show" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and __fish_seen_subcommand_from help" -f -a "show" -d 'Who is on call by each schedule, why and until when, and whom each policy would tell; exit 1 when there is a hole'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand oncall; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and not __fish_seen_subcommand_from plan run list report help" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and not __fish_seen_subcommand_from plan run list report help" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and not __fish_seen_subcommand_from plan run list report help" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and not __fish_seen_subcommand_from plan run list report help" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and not __fish_seen_subcommand_from plan run list report help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and not __fish_seen_subcommand_from plan run list report help" -f -a "plan" -d 'Plan a mock incident: scenario, source, window, and who approved'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and not __fish_seen_subcommand_from plan run list report help" -f -a "run" -d 'Write the planned lines to the source\'s real file, and wait for the incident'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and not __fish_seen_subcommand_from plan run list report help" -f -a "list" -d 'Plans and what came of them'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and not __fish_seen_subcommand_from plan run list report help" -f -a "report" -d 'The dossier of a drill as .json and .html'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and not __fish_seen_subcommand_from plan run list report help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -l scenario -d 'Which scenario (`drill list --scenarios`)' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -l source -d 'Name of the source into whose file the lines go' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -l rule -d 'The rule that must find it [default: the scenario\'s]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -l window -d 'How long from now its lines may come' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -l approver -d 'Who approved it: a person, and not only yourself' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -l announced -d 'The mails say that it is a drill'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -l blind -d 'The mails do not say it before it is resolved'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from run" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from run" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from run" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from run" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from list" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from list" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from list" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from list" -l scenarios -d 'The scenarios that can be planned'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from list" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from report" -l out -d 'Folder to write into' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from report" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from report" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from report" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from report" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "plan" -d 'Plan a mock incident: scenario, source, window, and who approved'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "run" -d 'Write the planned lines to the source\'s real file, and wait for the incident'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "list" -d 'Plans and what came of them'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "report" -d 'The dossier of a drill as .json and .html'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and not __fish_seen_subcommand_from timeliness drills help" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and not __fish_seen_subcommand_from timeliness drills help" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and not __fish_seen_subcommand_from timeliness drills help" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and not __fish_seen_subcommand_from timeliness drills help" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and not __fish_seen_subcommand_from timeliness drills help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and not __fish_seen_subcommand_from timeliness drills help" -f -a "timeliness" -d 'Every incident of a time with all its times: promises kept, broken or in doubt, percentiles, who was told'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and not __fish_seen_subcommand_from timeliness drills help" -f -a "drills" -d 'Every drill of a time, stage by stage'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and not __fish_seen_subcommand_from timeliness drills help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from timeliness" -l since -d 'From this moment on (RFC 3339) [default: everything]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from timeliness" -l until -d 'Before this moment [default: now]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from timeliness" -l out -d 'Folder to write into' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from timeliness" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from timeliness" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from timeliness" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from timeliness" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from timeliness" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from drills" -l since -d 'From this moment on (RFC 3339) [default: everything]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from drills" -l until -d 'Before this moment [default: now]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from drills" -l out -d 'Folder to write into' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from drills" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from drills" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from drills" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from drills" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from drills" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from help" -f -a "timeliness" -d 'Every incident of a time with all its times: promises kept, broken or in doubt, percentiles, who was told'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from help" -f -a "drills" -d 'Every drill of a time, stage by stage'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand report; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "add" -d 'Add one: owner, reason, scope and end are mandatory'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "list" -d 'Silences and how often each matched'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "end" -d 'End one now'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and not __fish_seen_subcommand_from add list end help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from add" -l owner -d 'Who answers for it' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from add" -l reason -d 'Why' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from add" -l rule -d 'Rule id' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from add" -l entity -d '`key=value` of the finding\'s group' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from add" -l source -d 'Source name' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from add" -l for -d 'How long from now (`90m`, `8h`, `7d`)' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from add" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from add" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from add" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from add" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from list" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from list" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from list" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from list" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from end" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from end" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from end" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from end" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from end" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add one: owner, reason, scope and end are mandatory'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "list" -d 'Silences and how often each matched'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "end" -d 'End one now'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand silence; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and not __fish_seen_subcommand_from add list end help" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and not __fish_seen_subcommand_from add list end help" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and not __fish_seen_subcommand_from add list end help" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and not __fish_seen_subcommand_from add list end help" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and not __fish_seen_subcommand_from add list end help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and not __fish_seen_subcommand_from add list end help" -f -a "add" -d 'Add one: owner, reason, ticket, scope and end are mandatory'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and not __fish_seen_subcommand_from add list end help" -f -a "list" -d 'Exceptions in force, by their end, and how often each matched'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and not __fish_seen_subcommand_from add list end help" -f -a "end" -d 'End one now'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and not __fish_seen_subcommand_from add list end help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l owner -d 'Who answers for it, and is reminded before it ends: a person id' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l reason -d 'Why' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l ticket -d 'Where it was approved' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l rule -d 'Rule id' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l entity -d '`key=value` of the finding\'s group' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l source -d 'Source name' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l network -d 'Network of the source address' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l for -d 'How long from now (`8h`, `90d`; at most a year)' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l until -d 'Its last day in UTC, or the moment of its end (RFC 3339)' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from list" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from list" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from list" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from list" -l all -d 'Those that have ended, too'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from list" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from end" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from end" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from end" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from end" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from end" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add one: owner, reason, ticket, scope and end are mandatory'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from help" -f -a "list" -d 'Exceptions in force, by their end, and how often each matched'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from help" -f -a "end" -d 'End one now'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand exception; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand rules" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand rules" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand rules" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand rules" -l hit -d 'Only rules that hit'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand rules" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand rules" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand query" -l format -d 'How to print' -r -f -a "table\t'For people'
csv\t'For spreadsheets; cells that a spreadsheet would run get a leading apostrophe'
jsonl\t'For programs'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand query" -l limit -d 'At most so many rows' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand query" -l timeout -d 'Stop after so many seconds' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand query" -l saved -d 'Run a saved question' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand query" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand query" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand query" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand query" -l list -d 'List the saved questions'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand query" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand query" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and not __fish_seen_subcommand_from test help" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and not __fish_seen_subcommand_from test help" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and not __fish_seen_subcommand_from test help" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and not __fish_seen_subcommand_from test help" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and not __fish_seen_subcommand_from test help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and not __fish_seen_subcommand_from test help" -f -a "test" -d 'Let the running daemon send a test message through its own path and wait for the relay\'s answer'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and not __fish_seen_subcommand_from test help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and __fish_seen_subcommand_from test" -l to -d 'Where to' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and __fish_seen_subcommand_from test" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and __fish_seen_subcommand_from test" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and __fish_seen_subcommand_from test" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and __fish_seen_subcommand_from test" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and __fish_seen_subcommand_from help" -f -a "test" -d 'Let the running daemon send a test message through its own path and wait for the relay\'s answer'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand mail; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand demo" -l for -d 'End after so long, with exit code 0 [default: until Ctrl-C]' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand demo" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand demo" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand demo" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand demo" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand doctor" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand doctor" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand doctor" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand doctor" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand bench" -l lines -d 'Lines per source type' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand bench" -l source -d 'Only this source type (fortigate and json are parsed only)' -r -f -a "sshd\t''
openvpn\t''
nginx\t''
fortigate\t''
json\t''"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand bench" -l seconds -d 'Seconds of the line-to-mail measurement; 0 leaves it out' -r
complete -c gatewatch -n "__fish_gatewatch_using_subcommand bench" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand bench" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand bench" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand bench" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand bench" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand schema" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand schema" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand schema" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand schema" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand completions" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand completions" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand completions" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand completions" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand man" -l config -d 'Configuration [default: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults]' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand man" -l state -d 'State directory: store, control socket, Maildir (overrides store.directory)' -r -F
complete -c gatewatch -n "__fish_gatewatch_using_subcommand man" -l color -d 'Colour in text' -r -f -a "auto\t'On a terminal'
always\t'Also into a pipe'
never\t'Never'"
complete -c gatewatch -n "__fish_gatewatch_using_subcommand man" -l json -d 'One JSON object per line instead of text'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "run" -d 'Run the daemon in the foreground'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "check" -d 'Check configuration, grammars and rules: every problem with its place'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "parse" -d 'Normalize the lines of a file and print one JSON object per event; stores nothing'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "formats" -d 'List every grammar'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "replay" -d 'Run history through the same pipeline in event time and print the findings; mails nothing'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "test" -d 'Run the sample lines of rules and grammars'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "explain" -d 'Say why: how a line is read, what made a finding, or why a rule made none'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "reload" -d 'Let the running daemon read its configuration, grammars and rules again: all of it, or nothing changes'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "status" -d 'Show how the running daemon is: sources, store, outbox, deadlines'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "incident" -d 'Look at incidents and act on them'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "series" -d 'Series of numbers'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "oncall" -d 'Who is on call, and why'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "drill" -d 'Mock incidents through the real path, measured stage by stage'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "report" -d 'Reports as HTML and CSV'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "silence" -d 'Store and count matching findings without telling anybody, until an end'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "exception" -d 'Allow what a rule finds somewhere, for a time: findings are still stored and counted, and the owner is reminded'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "rules" -d 'List the rules in force with their hits and the share of false alarms among the resolved incidents'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "query" -d 'Ask the store in SQL, read-only, with or without a running daemon'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "mail" -d 'The mail path'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "demo" -d 'Show the real daemon at work on sample logs that it writes live'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "doctor" -d 'Check this machine: configuration, permissions, store, disk, watches, relay'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "bench" -d 'Measure this machine: ingest against bare inserts, line to mail'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "schema" -d 'Print a JSON Schema, by which editors complete and check files as they are written'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "completions" -d 'Print completions for a shell'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "man" -d 'Write the man pages into a folder'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and not __fish_seen_subcommand_from run check parse formats replay test explain reload status incident series oncall drill report silence exception rules query mail demo doctor bench schema completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "line" -d 'How a line is read: grammar, message form, every field'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "finding" -d 'What made a finding: rule, arithmetic, the events'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "why-not" -d 'Why a rule did not fire: the first condition that failed, or how near a correlation came'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "list" -d 'Incidents, newest first'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "show" -d 'One incident with findings, mails, journal and evidence'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "ack" -d 'Take it: escalation stops, the others are told'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "resolve" -d 'End it'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "reopen" -d 'Open a resolved one again'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "note" -d 'Add a note'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "assign" -d 'Give it to a person'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "escalate" -d 'Start the next step of the policy now'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "false-positive" -d 'End it: it was no incident'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "merge" -d 'Join it to another one: it tells nobody any more, its people are told which one to answer'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "split" -d 'Take it out of the other again: it is open, from the first step'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "snooze" -d 'Take it for a while: then it is open again, from the first step'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "waive" -d 'Let a promise go, with a reason, on the record'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "fulfil" -d 'Say that a duty to somebody outside was done, and how'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from series" -f -a "score" -d 'Judge each row of a `timestamp,value` file by the rows before it; prints CSV, also with --json'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from oncall" -f -a "show" -d 'Who is on call by each schedule, why and until when, and whom each policy would tell; exit 1 when there is a hole'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "plan" -d 'Plan a mock incident: scenario, source, window, and who approved'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "run" -d 'Write the planned lines to the source\'s real file, and wait for the incident'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "list" -d 'Plans and what came of them'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "report" -d 'The dossier of a drill as .json and .html'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from report" -f -a "timeliness" -d 'Every incident of a time with all its times: promises kept, broken or in doubt, percentiles, who was told'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from report" -f -a "drills" -d 'Every drill of a time, stage by stage'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from silence" -f -a "add" -d 'Add one: owner, reason, scope and end are mandatory'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from silence" -f -a "list" -d 'Silences and how often each matched'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from silence" -f -a "end" -d 'End one now'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from exception" -f -a "add" -d 'Add one: owner, reason, ticket, scope and end are mandatory'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from exception" -f -a "list" -d 'Exceptions in force, by their end, and how often each matched'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from exception" -f -a "end" -d 'End one now'
complete -c gatewatch -n "__fish_gatewatch_using_subcommand help; and __fish_seen_subcommand_from mail" -f -a "test" -d 'Let the running daemon send a test message through its own path and wait for the relay\'s answer'
