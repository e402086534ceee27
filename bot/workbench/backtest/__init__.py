"""What a rule set would have posted on a recorded tape: real rules, real verdicts, and a model of the channels.

Knows no configuration file and no command line; nothing is sent, and no store is touched.
"""
