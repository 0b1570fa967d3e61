"""The command line: `toolcrib init`, `generate`, `serve`, `audit` and `doctor`."""
