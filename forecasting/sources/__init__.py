"""Adapters from public sources to the canonical tables.

A source is a module with functions ``read…`` (verbatim) and functions that tidy (rules), and a card
``<module>.yaml`` beside it: publisher, licence, vintage, statistical definition, rules and traps. Modules
without a card are machinery: `cards`, `files`, `canonical`, `nace`, `nuts`, `ages`, `raking`.
"""
