"""Says of documents whether they are as a JSON Schema describes them.

    python validate.py SCHEMA

Each line that comes in is a document; each line that goes out tells its faults, the first ten.
"""

import itertools
import json
import sys

from jsonschema import Draft202012Validator

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
for line in sys.stdin:
    found = itertools.islice(validator.iter_errors(json.loads(line)), 10)
    print(json.dumps({"faults": [f"{fault.json_path}: {fault.message[:200]}" for fault in found]}), flush=True)
