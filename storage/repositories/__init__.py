"""The repositories of `bot.ports`, one aggregate a module. Each works on a transaction and gives values."""
