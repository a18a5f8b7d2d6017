//! Whose kiosk is whose: a maker's is the one she used last, and an agent's lists show the work of those
//! whose kiosk is the agent's own. What is brought to another one is taken there all the same.

use crate::engine::Engine;
use crate::engine::aggregate::{self, Aggregate};
use crate::engine::view::{self, FromIndex, MOST_ROWS};
use crate::engine::work::{Fault, Work};
use crate::market::listing::Listing;
use crate::market::order::Order;
use crate::market::party::{self, Party, PartyCommand, Role};
use crate::store::Key;
use crate::types::{PartyId, SpokenCode};

impl Engine {
    /// The agent whose kiosk is a person's: where she was last, whoever vouched for a rider, else of her
    /// area, else the first there is.
    pub(in crate::engine) fn kiosk_for(&self, party: &Party) -> Option<Party> {
        let agents = self.agents();
        let known = |id: Option<PartyId>| agents.iter().find(|agent| Some(agent.id) == id);
        let hers = known(party.kiosk_used).or_else(|| known(party.vouched));
        let near = || agents.iter().find(|agent| agent.area == party.area);
        hers.or_else(near).or_else(|| agents.first()).cloned()
    }

    /// She, or a rider for her, was at this kiosk.
    pub(in crate::engine) async fn note_kiosk(
        &self, work: &mut Work<'_>, maker: PartyId, agent: PartyId,
    ) -> Result<(), Fault> {
        let (maker, agent) = (work.need::<Party>(maker).await?, work.need::<Party>(agent).await?);
        let used = PartyCommand::UseKiosk { by: agent.actor() };
        if let Ok(events) = party::decide(Some(&maker), &used, &self.policy, work.now) {
            work.apply::<Party>(maker.id, events);
        }
        Ok(())
    }

    /// Parcels that are on their way to an agent's kiosk.
    pub(in crate::engine) async fn expected_at(
        &self, work: &mut Work<'_>, agent: &Party,
    ) -> Result<Vec<(SpokenCode, Order)>, Fault> {
        self.at_own(work, agent, aggregate::expected(), |order: &Order| order.maker).await
    }

    /// Listings that wait for a check at an agent's kiosk.
    pub(in crate::engine) async fn waiting_at(
        &self, work: &mut Work<'_>, agent: &Party,
    ) -> Result<Vec<(SpokenCode, Listing)>, Fault> {
        self.at_own(work, agent, aggregate::all_waiting(), |listing: &Listing| Some(listing.maker)).await
    }

    /// Of what an index finds, what makers brought or will bring to this agent's kiosk.
    async fn at_own<A: Aggregate>(
        &self, work: &mut Work<'_>, agent: &Party, prefix: Key, maker: impl Fn(&A) -> Option<PartyId>,
    ) -> Result<Vec<(A::Id, A)>, Fault>
    where
        A::Id: FromIndex,
    {
        if agent.role != Role::Agent || self.agents().len() < 2 {
            return view::found::<A>(work, prefix, false).await;
        }
        let mut all = view::every::<A>(work, prefix, false).await?;
        let ids: Vec<PartyId> = all.iter().filter_map(|(_, thing)| maker(thing)).collect();
        let makers = view::people(work, ids).await?;
        all.retain(|(_, thing)| {
            let maker = maker(thing).and_then(|id| makers.get(&id));
            maker.and_then(|maker| self.kiosk_for(maker)).is_some_and(|kiosk| kiosk.id == agent.id)
        });
        all.truncate(MOST_ROWS);
        Ok(all)
    }
}
