"""What is wrong with the domain that sends, and what to put into the DNS.

Rules are pure: they are given a `Dns` to ask, and facts that `asking` has gathered.
"""
