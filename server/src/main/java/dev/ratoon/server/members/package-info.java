/** Which hosts belong to the fleet: how they join, are known by their certificates, and leave. */
@NullMarked
package dev.ratoon.server.members;

import org.jspecify.annotations.NullMarked;
