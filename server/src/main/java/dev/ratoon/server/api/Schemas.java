package dev.ratoon.server.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Json;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Describes records as JSON schemas, each once, as {@link Json} writes and reads them. */
final class Schemas {
  private static final Map<Class<?>, String> WORDS =
      Map.of(
          DiskId.class, "64 hexadecimal digits",
          VmId.class, "UUID",
          HostId.class, "UUID",
          OperationId.class, "UUID",
          EntityName.class, "name",
          ImageRef.class, "NAME:TAG",
          NetworkAttachment.class, "user, network=NAME or bridge=NAME");

  private final ObjectNode named;
  private final Map<String, Class<?>> types = new HashMap<>();

  Schemas(ObjectNode named) {
    this.named = named;
  }

  ObjectNode of(Type type) {
    ObjectNode schema = Json.mapper().createObjectNode();
    if (type instanceof ParameterizedType generic) {
      Type argument = generic.getActualTypeArguments()[0];
      if (generic.getRawType() == Optional.class) {
        return of(argument);
      }
      schema.put("type", "array").set("items", of(argument));
      return schema;
    }
    Class<?> plain = (Class<?>) type;
    if (WORDS.containsKey(plain)) {
      return schema.put("type", "string").put("description", WORDS.get(plain));
    }
    if (plain.isEnum()) {
      ArrayNode values = schema.put("type", "string").putArray("enum");
      for (Object constant : plain.getEnumConstants()) {
        values.add(
            constant instanceof ErrorCode code
                ? code.code()
                : Json.mapper().convertValue(constant, String.class));
      }
      return schema;
    }
    if (plain.isRecord()) {
      return schema.put("$ref", "#/components/schemas/" + name(plain));
    }
    return scalar(plain, schema);
  }

  private static ObjectNode scalar(Class<?> type, ObjectNode schema) {
    if (type == String.class) {
      return schema.put("type", "string");
    } else if (type == Instant.class) {
      return schema.put("type", "string").put("format", "date-time");
    } else if (type == boolean.class || type == Boolean.class) {
      return schema.put("type", "boolean");
    } else if (type == int.class || type == Integer.class) {
      return schema.put("type", "integer").put("format", "int32");
    } else if (type == long.class || type == Long.class) {
      return schema.put("type", "integer").put("format", "int64");
    } else if (type == double.class || type == Double.class) {
      return schema.put("type", "number");
    }
    throw new IllegalStateException("no schema for " + type);
  }

  private String name(Class<?> type) {
    String name = nameOf(type);
    Class<?> before = types.putIfAbsent(name, type);
    if (before != null && before != type) {
      throw new IllegalStateException(before + " and " + type + " have one name");
    }
    if (before == null) {
      ObjectNode schema = named.putObject(name).put("type", "object");
      ArrayNode required = Json.mapper().createArrayNode();
      ObjectNode properties = schema.putObject("properties");
      List<String> optional = Bodies.optional(type);
      for (RecordComponent component : type.getRecordComponents()) {
        properties.set(component.getName(), of(component.getGenericType()));
        if (component.getType() != Optional.class && !optional.contains(component.getName())) {
          required.add(component.getName());
        }
      }
      schema.set("required", required);
    }
    return name;
  }

  /** Types within others have their names first: several have a Cluster or a Disk of their own. */
  private static String nameOf(Class<?> type) {
    Class<?> outer = type.getEnclosingClass();
    return outer == null ? type.getSimpleName() : nameOf(outer) + type.getSimpleName();
  }
}
