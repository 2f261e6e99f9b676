"""What runs everywhere, web process included: arrays in, scores out.

Imports numpy and ONNX Runtime; never Django, Celery or torch. Fitting may import scipy inside the function, because
fitting happens in workers only.
"""
