package dev.ratoon.agent.doctor;

/** What a check has found. */
public sealed interface Finding {

  /** Nothing is wrong; {@code words} say what is there. */
  record Ok(String words) implements Finding {}

  /** Something is wrong that {@link Check#mend} can put right, in the way that {@code how} says. */
  record Mendable(String wrong, String how) implements Finding {}

  /** Something is wrong that only a person can put right. */
  record Beyond(String wrong, String how) implements Finding {}
}
