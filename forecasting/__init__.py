"""The method: tables in, tables out. Knows no tracking, no web, no clock."""
