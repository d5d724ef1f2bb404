"""Fast exact or histogram versions of the learners that the scores of disentanglement need."""
