/** Who may do what. */
@NullMarked
package dev.ratoon.server.tenants;

import org.jspecify.annotations.NullMarked;
