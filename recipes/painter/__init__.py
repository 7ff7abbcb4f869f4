"""The bundled painter's recipe: text and style to a 64x64 picture, in the form of a diffusers pipeline.

    python -m recipes.painter --data DIR --minutes 60 --out bot/models/painter

`pictures` reads the data, `captions` and `words` make prompts and tokens of it. `autoencoder`, `reader` and `denoiser`
train the parts, `matcher` the judge that `evaluate` measures with; `assemble`, `sheets` and `card` make the folder.
"""
