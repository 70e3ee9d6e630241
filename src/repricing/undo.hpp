#pragma once

#include "pricing/catalogue.hpp"
#include "repricing/difference.hpp"
#include "repricing/price_book.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace steno::repricing {

/// Gives calls back what they cost before the re-pricing that made their cost: the total, its currency, price
/// and source, as the call has kept them (cost.former), whatever prices are in force today. What the total is
/// made of is not kept there: it is made again by the price that was, where that is known and gives exactly
/// this total; else the total stands alone. One thread.
class Undo {
  public:
    /// `book`: where the former price may be one of; null: there is none.
    Undo(std::shared_ptr<const pricing::Catalogue> prices, PriceBook* book);

    /// Always Changed. The cost is without its re-pricing and what was before.
    Judgement judge(const Call& call);

  private:
    /// Also one of the own prices that is not in force any more. Null: nobody knows it.
    const pricing::Price* price_of(const std::string& id);

    const std::shared_ptr<const pricing::Catalogue> prices_;
    PriceBook* const book_;
    std::map<std::string, pricing::Price> known_;               ///< of the catalogue, by id
    std::map<std::string, std::optional<pricing::Price>> own_;  ///< of the book, by id
};

}  // namespace steno::repricing
