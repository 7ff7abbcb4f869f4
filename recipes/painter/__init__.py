"""The bundled painter's recipe: text and style to a 64x64 picture, in the form of a diffusers pipeline.

    python -m recipes.painter --data DIR --minutes 60 --out bot/models/painter

`pictures` reads the data, `captions` and `words` make prompts and tokens of it, `autoencoder` and `denoiser` are the
two stages, `matcher` learns to tell which caption fits, `evaluate` measures with it, `card` writes the model card.
"""
