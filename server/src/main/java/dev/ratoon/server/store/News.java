package dev.ratoon.server.store;

import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationId;

/**
 * Something that a transaction has changed and that other servers keep in memory. It says where to
 * look, not what was written: that is read from the tables.
 */
public sealed interface News {

  /** How it stands in the database. */
  String text();

  /** An operation has begun, come further, or ended. */
  record Operation(OperationId id) implements News {
    @Override
    public String text() {
      return "operation=" + id;
    }
  }

  /** A host has reported something new, or shall be something new, or was removed. */
  record Host(HostId id) implements News {
    @Override
    public String text() {
      return "host=" + id;
    }
  }

  /** Something is asked of a host. */
  record Asked(HostId host) implements News {
    @Override
    public String text() {
      return "asked=" + host;
    }
  }

  /** What operators say of a host has changed. */
  record Member(HostId host) implements News {
    @Override
    public String text() {
      return "member=" + host;
    }
  }

  /** Who may call has changed. */
  record Tokens() implements News {
    @Override
    public String text() {
      return "tokens";
    }
  }

  /** Something that only a later version of the server knows. */
  record Unknown(String text) implements News {}

  /** Reads one. */
  static News parse(String text) {
    int equals = text.indexOf('=');
    String word = equals < 0 ? text : text.substring(0, equals);
    String rest = text.substring(equals + 1);
    return switch (word) {
      case "operation" -> new Operation(OperationId.parse(rest));
      case "host" -> new Host(HostId.parse(rest));
      case "asked" -> new Asked(HostId.parse(rest));
      case "member" -> new Member(HostId.parse(rest));
      case "tokens" -> new Tokens();
      default -> new Unknown(text);
    };
  }
}
