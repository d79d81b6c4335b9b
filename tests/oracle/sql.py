"""Turns Sigma rules into SQL with pySigma's SQLite backend: one JSON object a line, for gatewatch-oracle.

Reads JSON objects {"id", "text"} a line from standard input; writes {"id", "fields", "sql"} or {"id", "error"}.
"""

import json
import sys

from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError

backend = sqliteBackend(table="compared", collate_nocase=True, fulltext_field="raw")
for line in sys.stdin:
    rule = json.loads(line)
    try:
        # YAML dates are not of interest, and documents before the last are those that it needs.
        collection = SigmaCollection.from_yaml(rule["text"])
        found = [one for one in collection.rules if str(one.id or one.name or one.title) == rule["id"]] or collection.rules
        one = found[0]
        sql = backend.convert_rule(one)
        print(json.dumps({"id": rule["id"], "fields": backend.required_fields(one), "sql": sql}))
    except (SigmaError, NotImplementedError, ValueError) as error:
        print(json.dumps({"id": rule["id"], "error": str(error)}))
