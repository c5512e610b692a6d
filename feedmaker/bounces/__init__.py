"""What comes back of mail that was sent: bounces, complaints and providers' events, told in one form."""
