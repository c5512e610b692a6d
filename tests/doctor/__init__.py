"""Tests of the doctor: its rules, what it asks real servers on loopback, and the commands."""
