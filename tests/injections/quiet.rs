//! Lines that tell of no failed login, and the corpus' answers.
