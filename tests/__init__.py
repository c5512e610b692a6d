"""Tests of feedmaker, each beside the module that it is named after."""
