-- What an operator chose for a product when mapping it, where a gateway leaves a choice; null: as the gateway was connected.
ALTER TABLE product_mappings
  ADD COLUMN layout text CHECK (layout IN ('ONE_PER_SUBSCRIPTION', 'ONE_PER_KEY')),
  ADD COLUMN rotation text CHECK (rotation IN ('CLONE', 'CUT'));
