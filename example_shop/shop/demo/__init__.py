"""What `manage.py demo` puts into an empty shop. Loading is safe to repeat: what is there already stays as it is."""
