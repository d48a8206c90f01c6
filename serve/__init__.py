"""The service: reads one promoted release and answers questions about it. It never writes or trains."""
