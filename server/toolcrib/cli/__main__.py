"""`python -m toolcrib.cli`: the command of this environment, also where its scripts are not on the path."""

from toolcrib.cli.main import main

main()
