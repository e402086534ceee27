"""`flowbot doctor`: looks at everything outside that a configuration needs, and says what to mend. Changes nothing."""
