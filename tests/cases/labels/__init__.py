"""Tests of the labels room."""
