/** The control plane: api, operations, inventory, library, tenants. {@link Server} is its face. */
@NullMarked
package dev.ratoon.server;

import org.jspecify.annotations.NullMarked;
