"""Prompt in, pieces out. The engine knows neither chat nor storage: of ours it imports `bot.domain.generation` and
`bot.errors` only."""
