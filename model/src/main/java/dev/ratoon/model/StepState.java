package dev.ratoon.model;

/** How far one step of an operation has come. */
public enum StepState {
  WAITING,
  RUNNING,
  DONE,
  FAILED
}
