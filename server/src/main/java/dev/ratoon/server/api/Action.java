package dev.ratoon.server.api;

/** What an endpoint does. Throws {@link dev.ratoon.model.RatoonException} for what it refuses. */
interface Action<Q> {
  Answer answer(Call<Q> call) throws Exception;
}
