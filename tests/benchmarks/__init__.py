"""Benchmarks: run by make bench, never as a timed unit test."""
