"""`./atrium bench ai`: answers through Atrium beside LiteLLM's proxy, and one answer read by 200."""
