package dev.ratoon.server.store;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The tables that hold a fleet, as a database describes itself, each after those it refers to. */
final class Tables {
  /** What concerns running servers alone, and what the schema's own history is. */
  private static final Set<String> PASSING =
      Set.of("server", "news", "ask", "bringing", "flyway_schema_history");

  private Tables() {}

  /**
   * Columns of a table, by name.
   *
   * @param types of {@link java.sql.Types}
   */
  record Table(String name, Map<String, Integer> types) {}

  static List<Table> of(Connection connection) throws SQLException {
    DatabaseMetaData meta = connection.getMetaData();
    Map<String, Set<String>> refersTo = new LinkedHashMap<>();
    try (ResultSet tables =
        meta.getTables(null, connection.getSchema(), null, new String[] {"TABLE"})) {
      while (tables.next()) {
        String name = tables.getString("TABLE_NAME").toLowerCase(Locale.ROOT);
        if (!PASSING.contains(name) && !name.startsWith("sqlite_")) {
          refersTo.put(name, new LinkedHashSet<>());
        }
      }
    }
    for (Map.Entry<String, Set<String>> table : refersTo.entrySet()) {
      try (ResultSet keys = meta.getImportedKeys(null, connection.getSchema(), table.getKey())) {
        while (keys.next()) {
          table.getValue().add(keys.getString("PKTABLE_NAME").toLowerCase(Locale.ROOT));
        }
      }
    }
    List<Table> sorted = new ArrayList<>();
    while (!refersTo.isEmpty()) {
      String next =
          refersTo.entrySet().stream()
              .filter(table ->
                  table.getValue().stream()
                      .noneMatch(to -> refersTo.containsKey(to) && !to.equals(table.getKey())))
              .map(Map.Entry::getKey)
              .findFirst()
              .orElseThrow();
      refersTo.remove(next);
      sorted.add(new Table(next, columns(meta, connection.getSchema(), next)));
    }
    return sorted;
  }

  private static Map<String, Integer> columns(DatabaseMetaData meta, String schema, String table)
      throws SQLException {
    Map<String, Integer> types = new LinkedHashMap<>();
    try (ResultSet columns = meta.getColumns(null, schema, table, null)) {
      while (columns.next()) {
        types.put(
            columns.getString("COLUMN_NAME").toLowerCase(Locale.ROOT), columns.getInt("DATA_TYPE"));
      }
    }
    return types;
  }
}
