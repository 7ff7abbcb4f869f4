"""Ratings to tested LoRA weights: collected, split, trained in a process of its own, judged, reported."""
