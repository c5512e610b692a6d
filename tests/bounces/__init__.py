"""Tests of what comes back: bounces and complaints."""
