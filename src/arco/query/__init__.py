"""SQL over `system.*` and user tables, run by sandboxed worker processes.

Law: SQL text never meets the control plane's memory, files or network. Importing this package
loads no engine.
"""
