"""Evidence bundles: a folder with the audit, or a part of it, that people can read and programs can verify.

selection.py   which rows are shown
lines.py       a row as a line of chain.jsonl, and back
wording.py     what an entry changed, for people
tables.py      transactions.csv and entries.csv
report.py      report.html
bundle.py      writes all of them, and the manifest
reader.py      verifies a bundle without a database
"""
