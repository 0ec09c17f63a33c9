package dev.ratoon.agent.bases;

import dev.ratoon.protocol.agent.DesiredMove;
import dev.ratoon.protocol.channel.MoveDoor;
import dev.ratoon.protocol.channel.MoveLink;

/** The way to the other hosts of the fleet, and theirs to this one, for migrations. */
public interface MoveRoad {

  /** Who this host is to others. */
  FleetIdentity identity();

  /**
   * Connects to the host at the other end.
   *
   * @throws dev.ratoon.model.RatoonException {@code peer-unreachable}, {@code peer-untrusted}
   */
  MoveLink to(DesiredMove move);

  /** From now on others come in here. */
  void admit(MoveDoor door);
}
