"""What needs torch: networks, losses, batches and the training loop. Runs in workers only.

Only `django_recs.pipeline` imports this package; it never imports Django or Celery.
"""
