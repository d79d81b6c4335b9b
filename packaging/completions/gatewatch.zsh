#compdef gatewatch

autoload -U is-at-least

_gatewatch() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_gatewatch_commands" \
"*::: :->gatewatch" \
&& ret=0
    case $state in
    (gatewatch)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-command-$line[1]:"
        case $line[1] in
            (run)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--dry-run[Detect and record, but send no mail\: letters are written to the log instead]' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--strict[Warnings count as errors]' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(parse)
_arguments "${_arguments_options[@]}" : \
'--format=[Grammar or family by name, or \`auto\`]:NAME:_default' \
'--timezone=[Zone of stamps that carry none (IANA name) \[default\: UTC\]]:TZ:_default' \
'--assume-now=[Read time to assume (RFC 3339)\: stamps without a year are dated before it \[default\: now\]]:T:_default' \
'--encoding=[Encoding of the file; a byte order mark in it wins]:NAME:(utf-8 utf-16le utf-16be latin-1)' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':file -- File to read; `-` is standard input:_files' \
&& ret=0
;;
(formats)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--markdown[As a page of tables with framings and counts]' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(replay)
_arguments "${_arguments_options[@]}" : \
'*--source=[A file with its format, or with the name of a configured source; may be given several times]:FORMAT=FILE:_default' \
'--compare=[What differs\: from the findings of a store \[default\: those that the daemon made\], or from what the rules of this file or folder find in place of those of --rules; exit 1 when something does]::STORE_OR_RULES:_files' \
'--store=[Keep events and findings in this store (a new file)]:DB:_files' \
'*--rules=[More rules]:DIR:_files' \
'--timezone=[Zone of stamps that carry none (IANA name) \[default\: UTC\]]:TZ:_default' \
'--assume-now=[Read time to assume (RFC 3339) \[default\: now\]]:T:_default' \
'--since=[Findings from this event time on]:T:_default' \
'--until=[Findings before this event time]:T:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'(--source)--from-store[The events of the store in place of files, in the order in which they were stored]' \
'--no-builtin[Leave the built-in rules out]' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(test)
_arguments "${_arguments_options[@]}" : \
'--junit=[Write the results as JUnit XML]:FILE:_files' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::paths -- Rule or grammar files or folders \[default\: everything shipped and configured\]:_files' \
&& ret=0
;;
(explain)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_gatewatch__subcmd__explain_commands" \
"*::: :->explain" \
&& ret=0

    case $state in
    (explain)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-explain-command-$line[1]:"
        case $line[1] in
            (line)
_arguments "${_arguments_options[@]}" : \
'--format=[Grammar or family by name]:F:_default' \
'--timezone=[Zone of stamps that carry none (IANA name)]:TZ:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':line -- The line:_default' \
&& ret=0
;;
(finding)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Finding id:_default' \
&& ret=0
;;
(why-not)
_arguments "${_arguments_options[@]}" : \
'--file=[Lines of a file in place of a stored event; \`-\` is standard input]:FILE:_files' \
'--format=[Grammar or family of the file \[default\: auto\]]:F:_default' \
'--timezone=[Zone of stamps that carry none (IANA name)]:TZ:_default' \
'*--rules=[More rules]:DIR:_files' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':rule -- Rule id:_default' \
'::event -- Id of a stored event:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__explain__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-explain-help-command-$line[1]:"
        case $line[1] in
            (line)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(finding)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(why-not)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(reload)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(status)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(incident)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_gatewatch__subcmd__incident_commands" \
"*::: :->incident" \
&& ret=0

    case $state in
    (incident)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-incident-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--all[Resolved ones too]' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(ack)
_arguments "${_arguments_options[@]}" : \
'--note=[A note for the journal]:TEXT:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(resolve)
_arguments "${_arguments_options[@]}" : \
'--note=[A note for the journal]:TEXT:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--false-positive[It was no incident]' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(reopen)
_arguments "${_arguments_options[@]}" : \
'--note=[A note for the journal]:TEXT:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(note)
_arguments "${_arguments_options[@]}" : \
'--note=[A note for the journal]:TEXT:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(assign)
_arguments "${_arguments_options[@]}" : \
'--note=[A note for the journal]:TEXT:_default' \
'--to=[Person id]:PERSON:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(escalate)
_arguments "${_arguments_options[@]}" : \
'--note=[A note for the journal]:TEXT:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(false-positive)
_arguments "${_arguments_options[@]}" : \
'--note=[A note for the journal]:TEXT:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(merge)
_arguments "${_arguments_options[@]}" : \
'--note=[A note for the journal]:TEXT:_default' \
'--into=[Number or id of the other one, at least as grave]:ID:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(split)
_arguments "${_arguments_options[@]}" : \
'--note=[A note for the journal]:TEXT:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(snooze)
_arguments "${_arguments_options[@]}" : \
'--note=[A note for the journal]:TEXT:_default' \
'--for=[How long from now (\`30m\`, \`8h\`, \`2d\`; at most a week)]:SPAN:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(waive)
_arguments "${_arguments_options[@]}" : \
'--clock=[\`notify\`, \`acknowledge\`, \`resolve\` or a duty'\''s id]:CLOCK:_default' \
'--reason=[Why, or how]:TEXT:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(fulfil)
_arguments "${_arguments_options[@]}" : \
'--clock=[\`notify\`, \`acknowledge\`, \`resolve\` or a duty'\''s id]:CLOCK:_default' \
'--reason=[Why, or how]:TEXT:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Number or id:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__incident__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-incident-help-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(ack)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(resolve)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(reopen)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(note)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(assign)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(escalate)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(false-positive)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(merge)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(split)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(snooze)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(waive)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(fulfil)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(series)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_gatewatch__subcmd__series_commands" \
"*::: :->series" \
&& ret=0

    case $state in
    (series)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-series-command-$line[1]:"
        case $line[1] in
            (score)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':file -- The file, with its header; `-` reads standard input:_files' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__series__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-series-help-command-$line[1]:"
        case $line[1] in
            (score)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(oncall)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_gatewatch__subcmd__oncall_commands" \
"*::: :->oncall" \
&& ret=0

    case $state in
    (oncall)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-oncall-command-$line[1]:"
        case $line[1] in
            (show)
_arguments "${_arguments_options[@]}" : \
'--at=[The moment (RFC 3339) \[default\: now\]]:T:_default' \
'--days=[The whole time from then on, for so many days]:N:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__oncall__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-oncall-help-command-$line[1]:"
        case $line[1] in
            (show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(drill)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_gatewatch__subcmd__drill_commands" \
"*::: :->drill" \
&& ret=0

    case $state in
    (drill)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-drill-command-$line[1]:"
        case $line[1] in
            (plan)
_arguments "${_arguments_options[@]}" : \
'--scenario=[Which scenario (\`drill list --scenarios\`)]:ID:_default' \
'--source=[Name of the source into whose file the lines go]:NAME:_default' \
'--rule=[The rule that must find it \[default\: the scenario'\''s\]]:ID:_default' \
'--window=[How long from now its lines may come]:SPAN:_default' \
'*--approver=[Who approved it\: a person, and not only yourself]:PERSON:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--announced[The mails say that it is a drill]' \
'--blind[The mails do not say it before it is resolved]' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(run)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Plan id:_default' \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--scenarios[The scenarios that can be planned]' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(report)
_arguments "${_arguments_options[@]}" : \
'--out=[Folder to write into]:DIR:_files' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Plan id:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__drill__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-drill-help-command-$line[1]:"
        case $line[1] in
            (plan)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(run)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(report)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(report)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_gatewatch__subcmd__report_commands" \
"*::: :->report" \
&& ret=0

    case $state in
    (report)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-report-command-$line[1]:"
        case $line[1] in
            (timeliness)
_arguments "${_arguments_options[@]}" : \
'--since=[From this moment on (RFC 3339) \[default\: everything\]]:T:_default' \
'--until=[Before this moment \[default\: now\]]:T:_default' \
'--out=[Folder to write into]:DIR:_files' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(drills)
_arguments "${_arguments_options[@]}" : \
'--since=[From this moment on (RFC 3339) \[default\: everything\]]:T:_default' \
'--until=[Before this moment \[default\: now\]]:T:_default' \
'--out=[Folder to write into]:DIR:_files' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__report__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-report-help-command-$line[1]:"
        case $line[1] in
            (timeliness)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(drills)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(silence)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_gatewatch__subcmd__silence_commands" \
"*::: :->silence" \
&& ret=0

    case $state in
    (silence)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-silence-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
'--owner=[Who answers for it]:OWNER:_default' \
'--reason=[Why]:REASON:_default' \
'--rule=[Rule id]:RULE:_default' \
'--entity=[\`key=value\` of the finding'\''s group]:ENTITY:_default' \
'--source=[Source name]:SOURCE:_default' \
'--for=[How long from now (\`90m\`, \`8h\`, \`7d\`)]:SPAN:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(end)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Silence id:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__silence__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-silence-help-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(end)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(exception)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_gatewatch__subcmd__exception_commands" \
"*::: :->exception" \
&& ret=0

    case $state in
    (exception)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-exception-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
'--owner=[Who answers for it, and is reminded before it ends\: a person id]:OWNER:_default' \
'--reason=[Why]:REASON:_default' \
'--ticket=[Where it was approved]:TICKET:_default' \
'--rule=[Rule id]:RULE:_default' \
'--entity=[\`key=value\` of the finding'\''s group]:KEY=VALUE:_default' \
'--source=[Source name]:SOURCE:_default' \
'--network=[Network of the source address]:ADDRESS/BITS:_default' \
'(--until)--for=[How long from now (\`8h\`, \`90d\`; at most a year)]:SPAN:_default' \
'--until=[Its last day in UTC, or the moment of its end (RFC 3339)]:DATE:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--all[Those that have ended, too]' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(end)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':id -- Exception id:_default' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__exception__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-exception-help-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(end)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(rules)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--hit[Only rules that hit]' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::rule -- One rule with its text and all its versions:_default' \
&& ret=0
;;
(query)
_arguments "${_arguments_options[@]}" : \
'--format=[How to print]:FORMAT:((table\:"For people"
csv\:"For spreadsheets; cells that a spreadsheet would run get a leading apostrophe"
jsonl\:"For programs"))' \
'--limit=[At most so many rows]:N:_default' \
'--timeout=[Stop after so many seconds]:S:_default' \
'()--saved=[Run a saved question]:NAME:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--list[List the saved questions]' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::sql -- One SELECT, or WITH ... SELECT:_default' \
&& ret=0
;;
(mail)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
":: :_gatewatch__subcmd__mail_commands" \
"*::: :->mail" \
&& ret=0

    case $state in
    (mail)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-mail-command-$line[1]:"
        case $line[1] in
            (test)
_arguments "${_arguments_options[@]}" : \
'--to=[Where to]:ADDR:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__mail__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-mail-help-command-$line[1]:"
        case $line[1] in
            (test)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(demo)
_arguments "${_arguments_options[@]}" : \
'--for=[End after so long, with exit code 0 \[default\: until Ctrl-C\]]:SPAN:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(doctor)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
&& ret=0
;;
(bench)
_arguments "${_arguments_options[@]}" : \
'--lines=[Lines per source type]:N:_default' \
'--source=[Only this source type (fortigate and json are parsed only)]:KIND:(sshd openvpn nginx fortigate json)' \
'--seconds=[Seconds of the line-to-mail measurement; 0 leaves it out]:S:_default' \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'::what -- Only this measurement; left out\: ingest and latency:((parse\:"Lines in memory to events, on one core"))' \
&& ret=0
;;
(schema)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':what -- Of which files:((config\:"gatewatch.toml\: sections, keys and words"
rule\:"Rules\: Sigma'\''s keys and our own, fields and modifiers"
grammar\:"Grammars"))' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':shell -- The shell:(bash elvish fish powershell zsh)' \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
'--config=[Configuration \[default\: /etc/gatewatch/gatewatch.toml where it exists, else built-in defaults\]]:FILE:_files' \
'--state=[State directory\: store, control socket, Maildir (overrides store.directory)]:DIR:_files' \
'--color=[Colour in text]:WHEN:((auto\:"On a terminal"
always\:"Also into a pipe"
never\:"Never"))' \
'--json[One JSON object per line instead of text]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
':folder -- Folder for the pages:_files' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-help-command-$line[1]:"
        case $line[1] in
            (run)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(parse)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(formats)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(replay)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(test)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(explain)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__help__subcmd__explain_commands" \
"*::: :->explain" \
&& ret=0

    case $state in
    (explain)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-help-explain-command-$line[1]:"
        case $line[1] in
            (line)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(finding)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(why-not)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(reload)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(status)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(incident)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__help__subcmd__incident_commands" \
"*::: :->incident" \
&& ret=0

    case $state in
    (incident)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-help-incident-command-$line[1]:"
        case $line[1] in
            (list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(ack)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(resolve)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(reopen)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(note)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(assign)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(escalate)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(false-positive)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(merge)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(split)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(snooze)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(waive)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(fulfil)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(series)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__help__subcmd__series_commands" \
"*::: :->series" \
&& ret=0

    case $state in
    (series)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-help-series-command-$line[1]:"
        case $line[1] in
            (score)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(oncall)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__help__subcmd__oncall_commands" \
"*::: :->oncall" \
&& ret=0

    case $state in
    (oncall)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-help-oncall-command-$line[1]:"
        case $line[1] in
            (show)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(drill)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__help__subcmd__drill_commands" \
"*::: :->drill" \
&& ret=0

    case $state in
    (drill)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-help-drill-command-$line[1]:"
        case $line[1] in
            (plan)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(run)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(report)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(report)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__help__subcmd__report_commands" \
"*::: :->report" \
&& ret=0

    case $state in
    (report)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-help-report-command-$line[1]:"
        case $line[1] in
            (timeliness)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(drills)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(silence)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__help__subcmd__silence_commands" \
"*::: :->silence" \
&& ret=0

    case $state in
    (silence)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-help-silence-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(end)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(exception)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__help__subcmd__exception_commands" \
"*::: :->exception" \
&& ret=0

    case $state in
    (exception)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-help-exception-command-$line[1]:"
        case $line[1] in
            (add)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(list)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(end)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(rules)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(query)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(mail)
_arguments "${_arguments_options[@]}" : \
":: :_gatewatch__subcmd__help__subcmd__mail_commands" \
"*::: :->mail" \
&& ret=0

    case $state in
    (mail)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gatewatch-help-mail-command-$line[1]:"
        case $line[1] in
            (test)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(demo)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(doctor)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(bench)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(schema)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_gatewatch_commands] )) ||
_gatewatch_commands() {
    local commands; commands=(
'run:Run the daemon in the foreground' \
'check:Check configuration, grammars and rules\: every problem with its place' \
'parse:Normalize the lines of a file and print one JSON object per event; stores nothing' \
'formats:List every grammar' \
'replay:Run history through the same pipeline in event time and print the findings; mails nothing' \
'test:Run the sample lines of rules and grammars' \
'explain:Say why\: how a line is read, what made a finding, or why a rule made none' \
'reload:Let the running daemon read its configuration, grammars and rules again\: all of it, or nothing changes' \
'status:Show how the running daemon is\: sources, store, outbox, deadlines' \
'incident:Look at incidents and act on them' \
'series:Series of numbers' \
'oncall:Who is on call, and why' \
'drill:Mock incidents through the real path, measured stage by stage' \
'report:Reports as HTML and CSV' \
'silence:Store and count matching findings without telling anybody, until an end' \
'exception:Allow what a rule finds somewhere, for a time\: findings are still stored and counted, and the owner is reminded' \
'rules:List the rules in force with their hits and the share of false alarms among the resolved incidents' \
'query:Ask the store in SQL, read-only, with or without a running daemon' \
'mail:The mail path' \
'demo:Show the real daemon at work on sample logs that it writes live' \
'doctor:Check this machine\: configuration, permissions, store, disk, watches, relay' \
'bench:Measure this machine\: ingest against bare inserts, line to mail' \
'schema:Print a JSON Schema, by which editors complete and check files as they are written' \
'completions:Print completions for a shell' \
'man:Write the man pages into a folder' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__bench_commands] )) ||
_gatewatch__subcmd__bench_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch bench commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__check_commands] )) ||
_gatewatch__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch check commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__completions_commands] )) ||
_gatewatch__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch completions commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__demo_commands] )) ||
_gatewatch__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch demo commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__doctor_commands] )) ||
_gatewatch__subcmd__doctor_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch doctor commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__drill_commands] )) ||
_gatewatch__subcmd__drill_commands() {
    local commands; commands=(
'plan:Plan a mock incident\: scenario, source, window, and who approved' \
'run:Write the planned lines to the source'\''s real file, and wait for the incident' \
'list:Plans and what came of them' \
'report:The dossier of a drill as .json and .html' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch drill commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__drill__subcmd__help_commands] )) ||
_gatewatch__subcmd__drill__subcmd__help_commands() {
    local commands; commands=(
'plan:Plan a mock incident\: scenario, source, window, and who approved' \
'run:Write the planned lines to the source'\''s real file, and wait for the incident' \
'list:Plans and what came of them' \
'report:The dossier of a drill as .json and .html' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch drill help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__drill__subcmd__help__subcmd__help_commands] )) ||
_gatewatch__subcmd__drill__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch drill help help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__drill__subcmd__help__subcmd__list_commands] )) ||
_gatewatch__subcmd__drill__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch drill help list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__drill__subcmd__help__subcmd__plan_commands] )) ||
_gatewatch__subcmd__drill__subcmd__help__subcmd__plan_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch drill help plan commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__drill__subcmd__help__subcmd__report_commands] )) ||
_gatewatch__subcmd__drill__subcmd__help__subcmd__report_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch drill help report commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__drill__subcmd__help__subcmd__run_commands] )) ||
_gatewatch__subcmd__drill__subcmd__help__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch drill help run commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__drill__subcmd__list_commands] )) ||
_gatewatch__subcmd__drill__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch drill list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__drill__subcmd__plan_commands] )) ||
_gatewatch__subcmd__drill__subcmd__plan_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch drill plan commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__drill__subcmd__report_commands] )) ||
_gatewatch__subcmd__drill__subcmd__report_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch drill report commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__drill__subcmd__run_commands] )) ||
_gatewatch__subcmd__drill__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch drill run commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__exception_commands] )) ||
_gatewatch__subcmd__exception_commands() {
    local commands; commands=(
'add:Add one\: owner, reason, ticket, scope and end are mandatory' \
'list:Exceptions in force, by their end, and how often each matched' \
'end:End one now' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch exception commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__exception__subcmd__add_commands] )) ||
_gatewatch__subcmd__exception__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch exception add commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__exception__subcmd__end_commands] )) ||
_gatewatch__subcmd__exception__subcmd__end_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch exception end commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__exception__subcmd__help_commands] )) ||
_gatewatch__subcmd__exception__subcmd__help_commands() {
    local commands; commands=(
'add:Add one\: owner, reason, ticket, scope and end are mandatory' \
'list:Exceptions in force, by their end, and how often each matched' \
'end:End one now' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch exception help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__exception__subcmd__help__subcmd__add_commands] )) ||
_gatewatch__subcmd__exception__subcmd__help__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch exception help add commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__exception__subcmd__help__subcmd__end_commands] )) ||
_gatewatch__subcmd__exception__subcmd__help__subcmd__end_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch exception help end commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__exception__subcmd__help__subcmd__help_commands] )) ||
_gatewatch__subcmd__exception__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch exception help help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__exception__subcmd__help__subcmd__list_commands] )) ||
_gatewatch__subcmd__exception__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch exception help list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__exception__subcmd__list_commands] )) ||
_gatewatch__subcmd__exception__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch exception list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__explain_commands] )) ||
_gatewatch__subcmd__explain_commands() {
    local commands; commands=(
'line:How a line is read\: grammar, message form, every field' \
'finding:What made a finding\: rule, arithmetic, the events' \
'why-not:Why a rule did not fire\: the first condition that failed, or how near a correlation came' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch explain commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__explain__subcmd__finding_commands] )) ||
_gatewatch__subcmd__explain__subcmd__finding_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch explain finding commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__explain__subcmd__help_commands] )) ||
_gatewatch__subcmd__explain__subcmd__help_commands() {
    local commands; commands=(
'line:How a line is read\: grammar, message form, every field' \
'finding:What made a finding\: rule, arithmetic, the events' \
'why-not:Why a rule did not fire\: the first condition that failed, or how near a correlation came' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch explain help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__explain__subcmd__help__subcmd__finding_commands] )) ||
_gatewatch__subcmd__explain__subcmd__help__subcmd__finding_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch explain help finding commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__explain__subcmd__help__subcmd__help_commands] )) ||
_gatewatch__subcmd__explain__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch explain help help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__explain__subcmd__help__subcmd__line_commands] )) ||
_gatewatch__subcmd__explain__subcmd__help__subcmd__line_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch explain help line commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__explain__subcmd__help__subcmd__why-not_commands] )) ||
_gatewatch__subcmd__explain__subcmd__help__subcmd__why-not_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch explain help why-not commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__explain__subcmd__line_commands] )) ||
_gatewatch__subcmd__explain__subcmd__line_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch explain line commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__explain__subcmd__why-not_commands] )) ||
_gatewatch__subcmd__explain__subcmd__why-not_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch explain why-not commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__formats_commands] )) ||
_gatewatch__subcmd__formats_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch formats commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help_commands] )) ||
_gatewatch__subcmd__help_commands() {
    local commands; commands=(
'run:Run the daemon in the foreground' \
'check:Check configuration, grammars and rules\: every problem with its place' \
'parse:Normalize the lines of a file and print one JSON object per event; stores nothing' \
'formats:List every grammar' \
'replay:Run history through the same pipeline in event time and print the findings; mails nothing' \
'test:Run the sample lines of rules and grammars' \
'explain:Say why\: how a line is read, what made a finding, or why a rule made none' \
'reload:Let the running daemon read its configuration, grammars and rules again\: all of it, or nothing changes' \
'status:Show how the running daemon is\: sources, store, outbox, deadlines' \
'incident:Look at incidents and act on them' \
'series:Series of numbers' \
'oncall:Who is on call, and why' \
'drill:Mock incidents through the real path, measured stage by stage' \
'report:Reports as HTML and CSV' \
'silence:Store and count matching findings without telling anybody, until an end' \
'exception:Allow what a rule finds somewhere, for a time\: findings are still stored and counted, and the owner is reminded' \
'rules:List the rules in force with their hits and the share of false alarms among the resolved incidents' \
'query:Ask the store in SQL, read-only, with or without a running daemon' \
'mail:The mail path' \
'demo:Show the real daemon at work on sample logs that it writes live' \
'doctor:Check this machine\: configuration, permissions, store, disk, watches, relay' \
'bench:Measure this machine\: ingest against bare inserts, line to mail' \
'schema:Print a JSON Schema, by which editors complete and check files as they are written' \
'completions:Print completions for a shell' \
'man:Write the man pages into a folder' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__bench_commands] )) ||
_gatewatch__subcmd__help__subcmd__bench_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help bench commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__check_commands] )) ||
_gatewatch__subcmd__help__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help check commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__completions_commands] )) ||
_gatewatch__subcmd__help__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help completions commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__demo_commands] )) ||
_gatewatch__subcmd__help__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help demo commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__doctor_commands] )) ||
_gatewatch__subcmd__help__subcmd__doctor_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help doctor commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__drill_commands] )) ||
_gatewatch__subcmd__help__subcmd__drill_commands() {
    local commands; commands=(
'plan:Plan a mock incident\: scenario, source, window, and who approved' \
'run:Write the planned lines to the source'\''s real file, and wait for the incident' \
'list:Plans and what came of them' \
'report:The dossier of a drill as .json and .html' \
    )
    _describe -t commands 'gatewatch help drill commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__drill__subcmd__list_commands] )) ||
_gatewatch__subcmd__help__subcmd__drill__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help drill list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__drill__subcmd__plan_commands] )) ||
_gatewatch__subcmd__help__subcmd__drill__subcmd__plan_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help drill plan commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__drill__subcmd__report_commands] )) ||
_gatewatch__subcmd__help__subcmd__drill__subcmd__report_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help drill report commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__drill__subcmd__run_commands] )) ||
_gatewatch__subcmd__help__subcmd__drill__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help drill run commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__exception_commands] )) ||
_gatewatch__subcmd__help__subcmd__exception_commands() {
    local commands; commands=(
'add:Add one\: owner, reason, ticket, scope and end are mandatory' \
'list:Exceptions in force, by their end, and how often each matched' \
'end:End one now' \
    )
    _describe -t commands 'gatewatch help exception commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__exception__subcmd__add_commands] )) ||
_gatewatch__subcmd__help__subcmd__exception__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help exception add commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__exception__subcmd__end_commands] )) ||
_gatewatch__subcmd__help__subcmd__exception__subcmd__end_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help exception end commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__exception__subcmd__list_commands] )) ||
_gatewatch__subcmd__help__subcmd__exception__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help exception list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__explain_commands] )) ||
_gatewatch__subcmd__help__subcmd__explain_commands() {
    local commands; commands=(
'line:How a line is read\: grammar, message form, every field' \
'finding:What made a finding\: rule, arithmetic, the events' \
'why-not:Why a rule did not fire\: the first condition that failed, or how near a correlation came' \
    )
    _describe -t commands 'gatewatch help explain commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__explain__subcmd__finding_commands] )) ||
_gatewatch__subcmd__help__subcmd__explain__subcmd__finding_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help explain finding commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__explain__subcmd__line_commands] )) ||
_gatewatch__subcmd__help__subcmd__explain__subcmd__line_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help explain line commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__explain__subcmd__why-not_commands] )) ||
_gatewatch__subcmd__help__subcmd__explain__subcmd__why-not_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help explain why-not commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__formats_commands] )) ||
_gatewatch__subcmd__help__subcmd__formats_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help formats commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__help_commands] )) ||
_gatewatch__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident_commands() {
    local commands; commands=(
'list:Incidents, newest first' \
'show:One incident with findings, mails, journal and evidence' \
'ack:Take it\: escalation stops, the others are told' \
'resolve:End it' \
'reopen:Open a resolved one again' \
'note:Add a note' \
'assign:Give it to a person' \
'escalate:Start the next step of the policy now' \
'false-positive:End it\: it was no incident' \
'merge:Join it to another one\: it tells nobody any more, its people are told which one to answer' \
'split:Take it out of the other again\: it is open, from the first step' \
'snooze:Take it for a while\: then it is open again, from the first step' \
'waive:Let a promise go, with a reason, on the record' \
'fulfil:Say that a duty to somebody outside was done, and how' \
    )
    _describe -t commands 'gatewatch help incident commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__ack_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__ack_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident ack commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__assign_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__assign_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident assign commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__escalate_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__escalate_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident escalate commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__false-positive_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__false-positive_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident false-positive commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__fulfil_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__fulfil_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident fulfil commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__list_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__merge_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__merge_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident merge commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__note_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__note_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident note commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__reopen_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__reopen_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident reopen commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__resolve_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__resolve_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident resolve commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__show_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident show commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__snooze_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__snooze_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident snooze commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__split_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__split_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident split commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__incident__subcmd__waive_commands] )) ||
_gatewatch__subcmd__help__subcmd__incident__subcmd__waive_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help incident waive commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__mail_commands] )) ||
_gatewatch__subcmd__help__subcmd__mail_commands() {
    local commands; commands=(
'test:Let the running daemon send a test message through its own path and wait for the relay'\''s answer' \
    )
    _describe -t commands 'gatewatch help mail commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__mail__subcmd__test_commands] )) ||
_gatewatch__subcmd__help__subcmd__mail__subcmd__test_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help mail test commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__man_commands] )) ||
_gatewatch__subcmd__help__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help man commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__oncall_commands] )) ||
_gatewatch__subcmd__help__subcmd__oncall_commands() {
    local commands; commands=(
'show:Who is on call by each schedule, why and until when, and whom each policy would tell; exit 1 when there is a hole' \
    )
    _describe -t commands 'gatewatch help oncall commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__oncall__subcmd__show_commands] )) ||
_gatewatch__subcmd__help__subcmd__oncall__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help oncall show commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__parse_commands] )) ||
_gatewatch__subcmd__help__subcmd__parse_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help parse commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__query_commands] )) ||
_gatewatch__subcmd__help__subcmd__query_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help query commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__reload_commands] )) ||
_gatewatch__subcmd__help__subcmd__reload_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help reload commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__replay_commands] )) ||
_gatewatch__subcmd__help__subcmd__replay_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help replay commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__report_commands] )) ||
_gatewatch__subcmd__help__subcmd__report_commands() {
    local commands; commands=(
'timeliness:Every incident of a time with all its times\: promises kept, broken or in doubt, percentiles, who was told' \
'drills:Every drill of a time, stage by stage' \
    )
    _describe -t commands 'gatewatch help report commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__report__subcmd__drills_commands] )) ||
_gatewatch__subcmd__help__subcmd__report__subcmd__drills_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help report drills commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__report__subcmd__timeliness_commands] )) ||
_gatewatch__subcmd__help__subcmd__report__subcmd__timeliness_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help report timeliness commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__rules_commands] )) ||
_gatewatch__subcmd__help__subcmd__rules_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help rules commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__run_commands] )) ||
_gatewatch__subcmd__help__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help run commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__schema_commands] )) ||
_gatewatch__subcmd__help__subcmd__schema_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help schema commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__series_commands] )) ||
_gatewatch__subcmd__help__subcmd__series_commands() {
    local commands; commands=(
'score:Judge each row of a \`timestamp,value\` file by the rows before it; prints CSV, also with --json' \
    )
    _describe -t commands 'gatewatch help series commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__series__subcmd__score_commands] )) ||
_gatewatch__subcmd__help__subcmd__series__subcmd__score_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help series score commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__silence_commands] )) ||
_gatewatch__subcmd__help__subcmd__silence_commands() {
    local commands; commands=(
'add:Add one\: owner, reason, scope and end are mandatory' \
'list:Silences and how often each matched' \
'end:End one now' \
    )
    _describe -t commands 'gatewatch help silence commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__silence__subcmd__add_commands] )) ||
_gatewatch__subcmd__help__subcmd__silence__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help silence add commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__silence__subcmd__end_commands] )) ||
_gatewatch__subcmd__help__subcmd__silence__subcmd__end_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help silence end commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__silence__subcmd__list_commands] )) ||
_gatewatch__subcmd__help__subcmd__silence__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help silence list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__status_commands] )) ||
_gatewatch__subcmd__help__subcmd__status_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help status commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__help__subcmd__test_commands] )) ||
_gatewatch__subcmd__help__subcmd__test_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch help test commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident_commands] )) ||
_gatewatch__subcmd__incident_commands() {
    local commands; commands=(
'list:Incidents, newest first' \
'show:One incident with findings, mails, journal and evidence' \
'ack:Take it\: escalation stops, the others are told' \
'resolve:End it' \
'reopen:Open a resolved one again' \
'note:Add a note' \
'assign:Give it to a person' \
'escalate:Start the next step of the policy now' \
'false-positive:End it\: it was no incident' \
'merge:Join it to another one\: it tells nobody any more, its people are told which one to answer' \
'split:Take it out of the other again\: it is open, from the first step' \
'snooze:Take it for a while\: then it is open again, from the first step' \
'waive:Let a promise go, with a reason, on the record' \
'fulfil:Say that a duty to somebody outside was done, and how' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch incident commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__ack_commands] )) ||
_gatewatch__subcmd__incident__subcmd__ack_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident ack commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__assign_commands] )) ||
_gatewatch__subcmd__incident__subcmd__assign_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident assign commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__escalate_commands] )) ||
_gatewatch__subcmd__incident__subcmd__escalate_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident escalate commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__false-positive_commands] )) ||
_gatewatch__subcmd__incident__subcmd__false-positive_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident false-positive commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__fulfil_commands] )) ||
_gatewatch__subcmd__incident__subcmd__fulfil_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident fulfil commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help_commands() {
    local commands; commands=(
'list:Incidents, newest first' \
'show:One incident with findings, mails, journal and evidence' \
'ack:Take it\: escalation stops, the others are told' \
'resolve:End it' \
'reopen:Open a resolved one again' \
'note:Add a note' \
'assign:Give it to a person' \
'escalate:Start the next step of the policy now' \
'false-positive:End it\: it was no incident' \
'merge:Join it to another one\: it tells nobody any more, its people are told which one to answer' \
'split:Take it out of the other again\: it is open, from the first step' \
'snooze:Take it for a while\: then it is open again, from the first step' \
'waive:Let a promise go, with a reason, on the record' \
'fulfil:Say that a duty to somebody outside was done, and how' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch incident help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__ack_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__ack_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help ack commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__assign_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__assign_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help assign commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__escalate_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__escalate_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help escalate commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__false-positive_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__false-positive_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help false-positive commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__fulfil_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__fulfil_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help fulfil commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__help_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__list_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__merge_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__merge_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help merge commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__note_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__note_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help note commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__reopen_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__reopen_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help reopen commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__resolve_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__resolve_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help resolve commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__show_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help show commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__snooze_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__snooze_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help snooze commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__split_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__split_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help split commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__help__subcmd__waive_commands] )) ||
_gatewatch__subcmd__incident__subcmd__help__subcmd__waive_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident help waive commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__list_commands] )) ||
_gatewatch__subcmd__incident__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__merge_commands] )) ||
_gatewatch__subcmd__incident__subcmd__merge_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident merge commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__note_commands] )) ||
_gatewatch__subcmd__incident__subcmd__note_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident note commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__reopen_commands] )) ||
_gatewatch__subcmd__incident__subcmd__reopen_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident reopen commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__resolve_commands] )) ||
_gatewatch__subcmd__incident__subcmd__resolve_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident resolve commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__show_commands] )) ||
_gatewatch__subcmd__incident__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident show commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__snooze_commands] )) ||
_gatewatch__subcmd__incident__subcmd__snooze_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident snooze commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__split_commands] )) ||
_gatewatch__subcmd__incident__subcmd__split_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident split commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__incident__subcmd__waive_commands] )) ||
_gatewatch__subcmd__incident__subcmd__waive_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch incident waive commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__mail_commands] )) ||
_gatewatch__subcmd__mail_commands() {
    local commands; commands=(
'test:Let the running daemon send a test message through its own path and wait for the relay'\''s answer' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch mail commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__mail__subcmd__help_commands] )) ||
_gatewatch__subcmd__mail__subcmd__help_commands() {
    local commands; commands=(
'test:Let the running daemon send a test message through its own path and wait for the relay'\''s answer' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch mail help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__mail__subcmd__help__subcmd__help_commands] )) ||
_gatewatch__subcmd__mail__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch mail help help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__mail__subcmd__help__subcmd__test_commands] )) ||
_gatewatch__subcmd__mail__subcmd__help__subcmd__test_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch mail help test commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__mail__subcmd__test_commands] )) ||
_gatewatch__subcmd__mail__subcmd__test_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch mail test commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__man_commands] )) ||
_gatewatch__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch man commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__oncall_commands] )) ||
_gatewatch__subcmd__oncall_commands() {
    local commands; commands=(
'show:Who is on call by each schedule, why and until when, and whom each policy would tell; exit 1 when there is a hole' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch oncall commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__oncall__subcmd__help_commands] )) ||
_gatewatch__subcmd__oncall__subcmd__help_commands() {
    local commands; commands=(
'show:Who is on call by each schedule, why and until when, and whom each policy would tell; exit 1 when there is a hole' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch oncall help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__oncall__subcmd__help__subcmd__help_commands] )) ||
_gatewatch__subcmd__oncall__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch oncall help help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__oncall__subcmd__help__subcmd__show_commands] )) ||
_gatewatch__subcmd__oncall__subcmd__help__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch oncall help show commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__oncall__subcmd__show_commands] )) ||
_gatewatch__subcmd__oncall__subcmd__show_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch oncall show commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__parse_commands] )) ||
_gatewatch__subcmd__parse_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch parse commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__query_commands] )) ||
_gatewatch__subcmd__query_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch query commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__reload_commands] )) ||
_gatewatch__subcmd__reload_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch reload commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__replay_commands] )) ||
_gatewatch__subcmd__replay_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch replay commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__report_commands] )) ||
_gatewatch__subcmd__report_commands() {
    local commands; commands=(
'timeliness:Every incident of a time with all its times\: promises kept, broken or in doubt, percentiles, who was told' \
'drills:Every drill of a time, stage by stage' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch report commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__report__subcmd__drills_commands] )) ||
_gatewatch__subcmd__report__subcmd__drills_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch report drills commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__report__subcmd__help_commands] )) ||
_gatewatch__subcmd__report__subcmd__help_commands() {
    local commands; commands=(
'timeliness:Every incident of a time with all its times\: promises kept, broken or in doubt, percentiles, who was told' \
'drills:Every drill of a time, stage by stage' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch report help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__report__subcmd__help__subcmd__drills_commands] )) ||
_gatewatch__subcmd__report__subcmd__help__subcmd__drills_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch report help drills commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__report__subcmd__help__subcmd__help_commands] )) ||
_gatewatch__subcmd__report__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch report help help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__report__subcmd__help__subcmd__timeliness_commands] )) ||
_gatewatch__subcmd__report__subcmd__help__subcmd__timeliness_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch report help timeliness commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__report__subcmd__timeliness_commands] )) ||
_gatewatch__subcmd__report__subcmd__timeliness_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch report timeliness commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__rules_commands] )) ||
_gatewatch__subcmd__rules_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch rules commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__run_commands] )) ||
_gatewatch__subcmd__run_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch run commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__schema_commands] )) ||
_gatewatch__subcmd__schema_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch schema commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__series_commands] )) ||
_gatewatch__subcmd__series_commands() {
    local commands; commands=(
'score:Judge each row of a \`timestamp,value\` file by the rows before it; prints CSV, also with --json' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch series commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__series__subcmd__help_commands] )) ||
_gatewatch__subcmd__series__subcmd__help_commands() {
    local commands; commands=(
'score:Judge each row of a \`timestamp,value\` file by the rows before it; prints CSV, also with --json' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch series help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__series__subcmd__help__subcmd__help_commands] )) ||
_gatewatch__subcmd__series__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch series help help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__series__subcmd__help__subcmd__score_commands] )) ||
_gatewatch__subcmd__series__subcmd__help__subcmd__score_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch series help score commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__series__subcmd__score_commands] )) ||
_gatewatch__subcmd__series__subcmd__score_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch series score commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__silence_commands] )) ||
_gatewatch__subcmd__silence_commands() {
    local commands; commands=(
'add:Add one\: owner, reason, scope and end are mandatory' \
'list:Silences and how often each matched' \
'end:End one now' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch silence commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__silence__subcmd__add_commands] )) ||
_gatewatch__subcmd__silence__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch silence add commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__silence__subcmd__end_commands] )) ||
_gatewatch__subcmd__silence__subcmd__end_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch silence end commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__silence__subcmd__help_commands] )) ||
_gatewatch__subcmd__silence__subcmd__help_commands() {
    local commands; commands=(
'add:Add one\: owner, reason, scope and end are mandatory' \
'list:Silences and how often each matched' \
'end:End one now' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'gatewatch silence help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__silence__subcmd__help__subcmd__add_commands] )) ||
_gatewatch__subcmd__silence__subcmd__help__subcmd__add_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch silence help add commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__silence__subcmd__help__subcmd__end_commands] )) ||
_gatewatch__subcmd__silence__subcmd__help__subcmd__end_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch silence help end commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__silence__subcmd__help__subcmd__help_commands] )) ||
_gatewatch__subcmd__silence__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch silence help help commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__silence__subcmd__help__subcmd__list_commands] )) ||
_gatewatch__subcmd__silence__subcmd__help__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch silence help list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__silence__subcmd__list_commands] )) ||
_gatewatch__subcmd__silence__subcmd__list_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch silence list commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__status_commands] )) ||
_gatewatch__subcmd__status_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch status commands' commands "$@"
}
(( $+functions[_gatewatch__subcmd__test_commands] )) ||
_gatewatch__subcmd__test_commands() {
    local commands; commands=()
    _describe -t commands 'gatewatch test commands' commands "$@"
}

if [ "$funcstack[1]" = "_gatewatch" ]; then
    _gatewatch "$@"
else
    compdef _gatewatch gatewatch
fi
