"""Which category a message belongs to: classify.py, with weights that train.py makes of training.tsv and lexicon.py."""
