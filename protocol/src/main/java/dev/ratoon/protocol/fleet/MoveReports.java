package dev.ratoon.protocol.fleet;

import dev.ratoon.protocol.agent.MoveReport;
import java.util.List;

/** How far a host is with migrations. */
public record MoveReports(List<MoveReport> moves) {
  public MoveReports {
    moves = List.copyOf(moves);
  }
}
