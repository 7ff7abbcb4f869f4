"""What /summarize and /digest are made with: a scope's messages, their parts, summaries, checks and the report."""
