"""How the bundled models were trained, from the data to the card; every program is rerunnable.

The writer goes data -> tokenizer -> pretrain -> tune -> evaluate -> card; `python -m recipes.writer` runs them all.
"""
