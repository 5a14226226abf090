//! Document 000 from the lesson's side: somebody of the channel applies to join, the teacher answers.

mod browser;
mod leancloud;
mod pages;
mod rules;
