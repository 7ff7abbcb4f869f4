"""Speed and memory, as ratios against a baseline in the same run. Never part of the tests."""
